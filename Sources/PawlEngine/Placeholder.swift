enum PawlEnginePlaceholder {}
