"""gRPC: the same models on a port of their own, in the messages of the Open Inference Protocol."""
