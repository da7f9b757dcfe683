"""Networks that become small: distillation from a teacher, training with int8 rounding."""
