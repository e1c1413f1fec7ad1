enum PawlSimulationPlaceholder {}
