"""Images as compositors have them: sequences, plates, trimaps, alphas, movies and their colour. NumPy arrays out."""
