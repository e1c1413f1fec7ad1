enum PawlStorePlaceholder {}
