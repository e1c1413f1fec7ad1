enum PawlModelPlaceholder {}
