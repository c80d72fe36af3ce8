# SPDX-License-Identifier: GPL-2.0-or-later
"""环境自检: report the state of the environment; runs without the libraries."""

from ..bridge.doctor import list_qgis_facts, run_qgis_doctor
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text
from ..core.cli.doctor.examine import check_output, format_fact, list_report_lines, write_report
from ..core.cli.doctor.libraries import FactState
from .common import SanxianAlgorithm
from .parameters import Tool, declare_flags, declare_texts, make_file_output, make_switch


class DoctorAlgorithm(SanxianAlgorithm):
    """Algorithm `doctor`: examine the machine and run the examples of rules, fixes and declared checks."""

    tool = Tool(
        identifier="doctor",
        section="environment",
        title=mark_text("Check the environment"),
        keywords=("doctor", "environment", "versions", "geopandas", "环境自检"),
        help_parts=(
            mark_text(
                "Examines QGIS, libraries, formats, fonts, disk space, encodings and coordinate transformations, and "
                "lists what is missing, what then does not work, and how to get it. The examples of all rules, fixes "
                "and declared checks are run, which takes about half a minute: their results show whether checks are "
                "correct on this machine. The result can be saved; it names neither the user nor a folder. Nothing is "
                "changed."
            ),
        ),
        parameters=(
            make_switch("EXAMPLES", mark_text("Run the examples"), True),
            make_file_output("OUTPUT", mark_text("Result to send"), mark_text("Text (*.txt);;JSON (*.json)")),
        ),
        results=(
            *declare_flags(OK=mark_text("Checks can run")),
            *declare_texts(REPORT=mark_text("State of the machine")),
        ),
        needs_libraries_to_prepare=False,
    )

    def prepare(self, parameters, context, feedback):
        self.target = self.parameterAsFileOutput(parameters, "OUTPUT", context)
        if self.target:
            check_output(self.target)
        self.qgis_facts = list_qgis_facts(get_interface_language())

    def execute(self, parameters, context, feedback):
        lang = get_interface_language()

        def log_fact(fact):
            log = feedback.pushInfo if fact.state is FactState.OK else feedback.pushWarning
            log(format_fact(fact, lang))

        report = run_qgis_doctor(
            self.qgis_facts,
            lang,
            self.parameterAsBool(parameters, "EXAMPLES", context),
            log_fact,
            lambda share, _name: feedback.setProgress(100 * share),
            self.cancellation,
        )
        feedback.pushInfo(report.conclusion)
        if self.target:
            write_report(report, self.target)
        return {"OK": report.is_healthy, "REPORT": "\n".join(list_report_lines(report)), "OUTPUT": self.target}
