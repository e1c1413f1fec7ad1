enum PawlModelTestsPlaceholder {}
