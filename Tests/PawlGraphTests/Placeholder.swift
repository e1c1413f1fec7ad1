enum PawlGraphTestsPlaceholder {}
