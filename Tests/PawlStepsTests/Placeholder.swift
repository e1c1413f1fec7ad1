enum PawlStepsTestsPlaceholder {}
