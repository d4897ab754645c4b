"""Training samples made from the datasets: drawing, cropping, synthesizing clips."""
