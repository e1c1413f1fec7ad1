enum PawlSSHTestsPlaceholder {}
