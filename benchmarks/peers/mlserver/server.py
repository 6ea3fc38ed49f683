"""MLServer: a runtime of our own, as its documentation shows one; it has none for ONNX."""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput

from benchmarks.terms import Graph


class Predictor(MLModel):
    """The model in one worker."""

    async def load(self) -> bool:
        """Read the graph."""
        self.graph = Graph()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """The graph's outputs."""
        feeds = {tensor.name: NumpyCodec.decode_input(tensor) for tensor in payload.inputs}
        feeds = {name: array.astype(self.graph.inputs[name], copy=False) for name, array in feeds.items()}
        labels, probabilities = self.graph.session.run(None, feeds)
        names = self.graph.outputs
        outputs = [_labels(names[0], labels), NumpyCodec.encode_output(names[1], probabilities)]
        return InferenceResponse(model_name=self.name, outputs=outputs)


def _labels(name, labels) -> ResponseOutput:
    if labels.dtype == object:
        return StringCodec.encode_output(name, labels.tolist())
    return NumpyCodec.encode_output(name, labels)
