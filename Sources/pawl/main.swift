import PawlCLI

await Entrypoint.main()
