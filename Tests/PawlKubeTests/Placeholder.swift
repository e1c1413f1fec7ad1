enum PawlKubeTestsPlaceholder {}
