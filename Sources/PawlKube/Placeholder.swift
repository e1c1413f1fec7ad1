enum PawlKubePlaceholder {}
