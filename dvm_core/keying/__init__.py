"""Green and blue screens: foreground colour and alpha from the compositing equation, the card's light known."""
