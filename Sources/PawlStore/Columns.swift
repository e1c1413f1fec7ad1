import Foundation
import GRDB
import PawlEngine

/// Bytes as a column's value.
func blob(_ bytes: [UInt8]) -> Data { Data(bytes) }

extension Row {
  /// A column that must hold a value of that type. - Throws: `damaged` when it holds another.
  ///
  /// GRDB's own subscripts end the process on a value of the wrong type; a damaged file may hold one.
  func field<T: DatabaseValueConvertible>(_ column: String) throws(StoreError) -> T {
    guard let value = T.fromDatabaseValue(self[column] as DatabaseValue) else {
      throw StoreError(
        .damaged,
        "The journal holds an unreadable value in column \(column); restore the state directory from a copy.")
    }
    return value
  }

  /// A column of bytes. - Throws: `damaged` when it holds something else.
  func field(_ column: String) throws(StoreError) -> [UInt8] {
    let data: Data = try field(column)
    return Array(data)
  }

  /// A column of bytes that may be empty.
  func optionalField(_ column: String) -> [UInt8]? {
    Data.fromDatabaseValue(self[column] as DatabaseValue).map { Array($0) }
  }
}
