/// Finds fields in a message that this version's schema does not have: passing over them would lose state in silence.

// SwiftProtobuf hands out fields of bytes as `Data`.
internal import FoundationEssentials
internal import SwiftProtobuf

/// Whether `message` or a message in it has a field that the schema does not know.
func hasUnknownFields(_ message: some Message) -> Bool {
  var search = UnknownFieldSearch()
  do { try message.traverse(visitor: &search) } catch { return true }
  return search.found
}

/// Visits all messages of a message.
private struct UnknownFieldSearch: Visitor {
  private(set) var found = false

  mutating func visitUnknown(bytes: Data) { found = true }

  mutating func visitSingularMessageField<M: Message>(value: M, fieldNumber: Int) throws {
    try value.traverse(visitor: &self)
  }

  // Scalars hold nothing unknown.
  mutating func visitSingularDoubleField(value: Double, fieldNumber: Int) {}
  mutating func visitSingularInt64Field(value: Int64, fieldNumber: Int) {}
  mutating func visitSingularUInt64Field(value: UInt64, fieldNumber: Int) {}
  mutating func visitSingularBoolField(value: Bool, fieldNumber: Int) {}
  mutating func visitSingularStringField(value: String, fieldNumber: Int) {}
  mutating func visitSingularBytesField(value: Data, fieldNumber: Int) {}
  mutating func visitSingularEnumField<E: Enum>(value: E, fieldNumber: Int) {}

  // The schema has no maps.
  mutating func visitMapField<Key, Value: MapValueType>(
    fieldType: _ProtobufMap<Key, Value>.Type, value: _ProtobufMap<Key, Value>.BaseType, fieldNumber: Int
  ) {}
  mutating func visitMapField<Key, Value>(
    fieldType: _ProtobufEnumMap<Key, Value>.Type, value: _ProtobufEnumMap<Key, Value>.BaseType, fieldNumber: Int
  ) where Value.RawValue == Int {}
  mutating func visitMapField<Key, Value>(
    fieldType: _ProtobufMessageMap<Key, Value>.Type, value: _ProtobufMessageMap<Key, Value>.BaseType, fieldNumber: Int
  ) {}
}
