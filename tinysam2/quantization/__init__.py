"""Post-training quantization: finds the scales with which a network computes in 8 bits."""
