"""Pictures: the graph, heat maps of gradients, filters, a training run as it goes."""
