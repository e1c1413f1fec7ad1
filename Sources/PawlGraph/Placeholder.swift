enum PawlGraphPlaceholder {}
