enum PawlStoreTestsPlaceholder {}
