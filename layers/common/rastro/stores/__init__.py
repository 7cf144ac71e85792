"""Where records live: the ports that the other rooms see, and the adapters behind them."""
