"""Faithful: is a file what its quantization of the network says it is? Answered from the file, number by number."""
