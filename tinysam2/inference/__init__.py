"""The stateful part: walking a video with a network and its memory."""
