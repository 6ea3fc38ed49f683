"""KServe's Python server: a custom model, as its documentation shows one."""

import kserve
from kserve.protocol.infer_type import InferOutput, InferRequest, InferResponse
from kserve.utils.numpy_codec import from_np_dtype

from benchmarks.terms import MODEL, PROCESSES, Graph, port


class Predictor(kserve.Model):
    """The model, which is pickled into the processes that answer."""

    def __init__(self) -> None:
        super().__init__(MODEL)
        self.graph = Graph()
        self.ready = True

    def predict(self, payload: InferRequest, headers=None, response_headers=None) -> InferResponse:
        """The graph's outputs, in bytes where the request wants them so."""
        feeds = {}
        for tensor in payload.inputs:
            array = tensor.as_numpy().astype(self.graph.inputs[tensor.name], copy=False)
            feeds[tensor.name] = array
        outputs = []
        for name, array in zip(self.graph.outputs, self.graph.session.run(None, feeds), strict=True):
            output = InferOutput(name, list(array.shape), from_np_dtype(array.dtype))
            output.set_data_from_numpy(array, binary_data=payload.use_binary_outputs)
            outputs.append(output)
        return InferResponse(payload.id or "", self.name, outputs, use_binary_outputs=payload.use_binary_outputs)


if __name__ == "__main__":
    server = kserve.ModelServer(http_port=port(), workers=PROCESSES, enable_grpc=False, enable_latency_logging=False)
    server.start([Predictor()])
