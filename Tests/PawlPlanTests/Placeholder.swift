enum PawlPlanTestsPlaceholder {}
