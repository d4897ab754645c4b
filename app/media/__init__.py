"""Where frames come from: films and frame folders, read exactly and within bounded memory."""
