enum PawlCLIPlaceholder {}
