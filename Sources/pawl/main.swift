import PawlCLI
