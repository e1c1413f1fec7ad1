import Foundation
import PawlEngine
import Testing

@testable import PawlStore

@Suite("What SQLite and the system say, as the operator reads it")
struct StoreErrorTests {
  @Test(
    "SQLite's result codes",
    arguments: [
      (13, .outOfSpace, "pawl resume"), (4874, .outOfSpace, "is full"), (10, .inputOutput, "check the disk"),
      (1034, .inputOutput, "check the disk"), (11, .damaged, "keep a copy"), (26, .damaged, "keep a copy"),
      (8, .inputOutput, "state directory"), (14, .inputOutput, "state directory"), (5, .inputOutput, "busy"),
      (2067, .conflict, "pawl show"), (1, .inputOutput, "check the disk"),
    ] as [(Int32, StoreError.Code, String)])
  func resultCode(_ number: Int32, _ code: StoreError.Code, _ words: String) {
    let error = StoreError.database(number, "the reason", path: "/state/journal.sqlite")
    #expect(error.code == code)
    #expect(error.message.contains(words))
    #expect(error.message.contains("/state/journal.sqlite"))
  }

  @Test(
    "The system's error numbers",
    arguments: [
      (ENOSPC, .outOfSpace, "free some space"), (EDQUOT, .outOfSpace, "free some space"),
      (EIO, .inputOutput, "check the disk"), (EACCES, .inputOutput, "--state"),
      (EROFS, .inputOutput, "--state"),
    ] as [(Int32, StoreError.Code, String)])
  func errorNumber(_ number: Int32, _ code: StoreError.Code, _ words: String) {
    let error = StoreError.system("write", "/state", number)
    #expect(error.code == code)
    #expect(error.message.contains(words))
  }
}
