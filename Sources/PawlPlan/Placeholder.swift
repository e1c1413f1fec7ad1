enum PawlPlanPlaceholder {}
