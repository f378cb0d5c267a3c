"""Uses: who used which asset version on which deal, when and how. The only thing that joins assets to deals."""
