;;; person.el --- What a person does in Emacs, in batch: act, wait until it shows, note it.  -*- lexical-binding: t; -*-

(require 'json)
(require 'cl-lib)

(defconst person-seconds 40 "How long anything may take.")
(defvar person-notes nil "What was seen, newest first.")

(defun person-note (name seen)
  "Note under NAME what was SEEN."
  (push (cons name seen) person-notes))

(defmacro person-until (what condition)
  "Let Emacs work until CONDITION holds, and return what it gave; an error that says WHAT when it does not come."
  `(let ((deadline (+ (float-time) person-seconds)) given)
     (while (not (setq given ,condition))
       (when (> (float-time) deadline) (error "Never came: %s" ,what))
       (accept-process-output nil 0.02))
     given))

(defun person-go-to (text)
  "To the only line that is TEXT but for blanks around; its number."
  (goto-char (point-min))
  (re-search-forward (concat "^[ ]*" (regexp-quote text) "[ ]*$"))
  (back-to-indentation)
  (line-number-at-pos))

(defun person-buffer (name)
  "The text of the buffer NAME, without properties."
  (with-current-buffer name (buffer-substring-no-properties (point-min) (point-max))))

(defun person-does (acts)
  "Do ACTS, and write what was noted, and the error if one came, as JSON to the file the environment names."
  (let ((failed nil))
    (condition-case problem (funcall acts)
      (error (setq failed (error-message-string problem))))
    (let ((coding-system-for-write 'utf-8))
      (with-temp-file (getenv "NOTES")
        (insert (json-encode `((notes . ,(or (reverse person-notes) (make-hash-table))) (failed . ,failed))))))
    (kill-emacs (if failed 1 0))))

(provide 'person)
