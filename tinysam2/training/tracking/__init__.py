"""Stages 2 and 3: prompts on images and tracking through memory."""
