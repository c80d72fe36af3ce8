# SPDX-License-Identifier: GPL-2.0-or-later
"""Models of QGIS's designer, made by hand."""

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


def input_of(name):
    """A step's parameter that is an input of the model."""
    return _Source.fromModelParameter(name)


def result_of(step, output):
    return _Source.fromChildOutput(step, output)


def value(one):
    return _Source.fromStaticValue(one)


def model_of(name, inputs, steps, result):
    """``inputs``: names of feature sources; ``steps``: id → (algorithm, its parameters); ``result``: an output of the last
    step and the name that the model gives it.
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
    """One of our algorithms as the only step of a model: the layer of its OUTPUT, made from ``source`` as INPUT."""
    step = (f"sanxian:{name}", {"INPUT": input_of("source")})
    model = model_of(name, ["source"], {"step": step}, ("OUTPUT", "made"))
    done, ok = model.run({"source": str(source), "step:made": QgsProcessing.TEMPORARY_OUTPUT}, context, Log())
    assert ok
    return QgsProcessingUtils.mapLayerFromString(done["step:made"], context)
