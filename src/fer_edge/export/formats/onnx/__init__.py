"""ONNX: the exporter's graph, the smaller weights, and int8 for onnxruntime."""
