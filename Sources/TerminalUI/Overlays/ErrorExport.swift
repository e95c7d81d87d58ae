/// Defines the dialog that saves the errors to a file.

internal import CLinux
internal import SystemCalls

enum ErrorExport {
  static func make(in app: Application) -> Form {
    let save = Button(label: "Save") { form, app in
      let path = form.text(0)
      do throws(Errno) {
        try write(app.errors.text, to: path)
        app.dismiss(form)
        app.tell("\(Format.count(app.errors.entries.count, "error")) saved to \(path)", .good)
      } catch {
        app.report(
          error.problem("cannot write \(path)", remedy: "name a file that does not exist yet"), during: "save errors")
      }
    }
    let name = "crtop-errors-\(Format.date(app.services.clock.real).replacing(" ", with: "-")).txt"
    return Form(
      title: "Save errors", controls: [("File", .field(TextField((environment("HOME") ?? "/tmp") + "/" + name)))],
      buttons: [save, .cancel], focusedButton: 0
    ) { _, app in
      [StyledLine("All \(Format.count(app.errors.entries.count, "error")) as text, into a new file.", .dialog)]
    }
  }

  /// Into a new file only: nothing is overwritten.
  private static func write(_ text: String, to path: String) throws(Errno) {
    let file = try OwnedDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = try systemCall {
        unsafe rest.withUnsafeBytes { unsafe CLinux.write(file.number, $0.baseAddress, $0.count) }
      }
      rest = rest.dropFirst(count)
    }
    try file.close()
  }
}
