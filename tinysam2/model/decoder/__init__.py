"""From prompts and (memory-conditioned) image features to masks."""
