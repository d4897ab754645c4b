"""The networks: encoders, decoder, memory modules and the layers they share."""
