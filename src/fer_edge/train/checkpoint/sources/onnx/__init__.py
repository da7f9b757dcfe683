"""ONNX files: an operator table of our own, with everything that does not depend on the picture computed first."""
