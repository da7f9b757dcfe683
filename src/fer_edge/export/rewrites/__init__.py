"""Equal forms of operators that converters or delegates get wrong, put into the network before conversion."""
