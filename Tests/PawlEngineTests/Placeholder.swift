enum PawlEngineTestsPlaceholder {}
