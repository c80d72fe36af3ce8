# SPDX-License-Identifier: GPL-2.0-or-later
"""Processing models (as of QGIS's model designer), built in code."""

from qgis.core import (
    QgsProcessing,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterFeatureSource,
    QgsProcessingUtils,
)

from tests.qgis.helpers import Log

_Source = QgsProcessingModelChildParameterSource


def refer_to_input(name):
    """Return a parameter value that refers to an input of the model."""
    return _Source.fromModelParameter(name)


def refer_to_result(step, output):
    return _Source.fromChildOutput(step, output)


def make_static_value(value):
    return _Source.fromStaticValue(value)


def build_model(name, inputs, steps, result):
    """Return a Processing model with the given steps.

    ``inputs``: names of feature sources. ``steps``: id → (algorithm, its parameters). ``result``: an output of the
    last step and the name that the model gives it.
    """
    model = QgsProcessingModelAlgorithm(name, "tests", "made_here")
    for one in inputs:
        model.addModelParameter(QgsProcessingParameterFeatureSource(one, one), QgsProcessingModelParameter(one))
    for step, (algorithm, parameters) in steps.items():
        child = QgsProcessingModelChildAlgorithm(algorithm)
        child.setChildId(step)
        for parameter, source in parameters.items():
            child.addParameterSources(parameter, [source])
        if step == list(steps)[-1]:
            output = QgsProcessingModelOutput(result[1])
            output.setChildOutputName(result[0])
            child.setModelOutputs({result[1]: output})
        model.addChildAlgorithm(child)
    assert model.validate()[0], model.validate()
    return model


def run_in_model(name, source, context):
    """Run an algorithm as the only step of a model; return its OUTPUT layer.

    ``source``: its INPUT layer.
    """
    step = (f"sanxian:{name}", {"INPUT": refer_to_input("source")})
    model = build_model(name, ["source"], {"step": step}, ("OUTPUT", "made"))
    done, ok = model.run({"source": str(source), "step:made": QgsProcessing.TEMPORARY_OUTPUT}, context, Log())
    assert ok
    return QgsProcessingUtils.mapLayerFromString(done["step:made"], context)
