"""Layer answers: every layer of a file, fed with what the layer before it gave, against the fp32 file of the same conversion."""
