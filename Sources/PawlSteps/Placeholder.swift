enum PawlStepsPlaceholder {}
