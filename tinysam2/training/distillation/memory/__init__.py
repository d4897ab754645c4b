"""The small memory encoder taught to return the large one's memory."""
