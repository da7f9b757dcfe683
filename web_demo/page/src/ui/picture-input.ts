/** The ways in which a person gives the page a picture: the file picker, drag and drop, paste. */

interface Inputs {
  readonly picker: HTMLInputElement;
  /** Lights up while a file is over the page. */
  readonly target: HTMLElement;
}

/**
 * Listens for pictures.
 *
 * @param take gets the file that came, and how many came with it.
 * @param refuse gets a sentence if what came is no file.
 */
export function listenForPictures(
  { picker, target }: Inputs,
  take: (file: File, count: number) => void,
  refuse: (sentence: string) => void,
): void {
  const takeFirst = (files: FileList | null | undefined): boolean => {
    const file = files?.[0];
    if (file) take(file, files?.length ?? 1);
    return file !== undefined;
  };

  picker.addEventListener("change", () => {
    takeFirst(picker.files);
    picker.value = ""; // so that the same file can be chosen again
  });

  // On the whole page: a browser would leave it and open a file that misses the frame.
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    target.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) target.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    target.classList.remove("over");
    if (takeFirst(event.dataTransfer?.files)) return;
    refuse("What was dropped is no file. This page fetches nothing from elsewhere: save the picture, then drop its file.");
  });

  document.addEventListener("paste", (event) => {
    if (takeFirst(event.clipboardData?.files)) event.preventDefault();
  });
}
