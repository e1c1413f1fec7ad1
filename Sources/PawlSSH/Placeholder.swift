enum PawlSSHPlaceholder {}
