/** A file that is no picture the page can use; the message is a sentence for the person who chose it. */
export class PictureError extends Error {
  override name = "PictureError";
}
