;;; eglot-session.el --- A pipeline edited with eglot, with the configuration of our page.  -*- lexical-binding: t; -*-

(require 'person (expand-file-name "person.el" (file-name-directory load-file-name)))
(require 'flymake)
(require 'imenu)
(require 'xref)

(setq eglot-sync-connect 20)

(defun findings ()
  "What Flymake says once the server has been heard: the text it is about, and what is wrong."
  (vconcat (mapcar (lambda (one)
                     (vector (buffer-substring-no-properties (flymake-diagnostic-beg one) (flymake-diagnostic-end one))
                             (flymake-diagnostic-text one)))
                   (flymake-diagnostics))))

(defun typed (text)
  "Type TEXT, and tell the server at once instead of when Emacs is idle."
  (insert text)
  (eglot--signal-textDocument/didChange))

(defun wrong (from to)
  "Write TO for FROM, and wait for what is said of it."
  (goto-char (point-min))
  (search-forward from)
  (replace-match to t t)
  (eglot--signal-textDocument/didChange)
  (person-until "a finding" (flymake-diagnostics)))

(person-does
 (lambda ()
   (find-file (getenv "PIPELINE"))
   ;; What `eglot-ensure' leaves to the moment after a command, of which there is none in batch.
   (run-hooks 'post-command-hook)
   (person-until "the server" (eglot-managed-p))
   (person-note "mode" (symbol-name major-mode))

   (wrong "to: note}" "to: nite}")
   (person-note "findings" (findings))
   (undo-boundary)
   (search-backward "nite")
   (replace-match "note" t t)
   (eglot--signal-textDocument/didChange)
   (person-until "no finding" (not (flymake-diagnostics)))

   (person-go-to "agent: classify")
   (end-of-line)
   (typed "\n    ti")
   (person-note "completions"
                (vconcat (mapcar #'substring-no-properties
                                 (let ((at (eglot-completion-at-point)))
                                   (all-completions "ti" (nth 2 at))))))
   (let ((inhibit-message t)) (undo))
   (revert-buffer t t t)
   (person-until "the server again" (eglot-managed-p))

   (person-go-to "triage:")
   (let (hover)
     (eglot-hover-eldoc-function (lambda (text &rest _) (setq hover (substring-no-properties text))))
     (person-note "hover" (person-until "the hover" hover)))

   (goto-char (point-min))
   (search-forward "agents.triage:cl")
   (save-window-excursion
     (save-excursion
       (xref-find-definitions "the symbol at point")
       (person-note "definition" (vector (file-name-nondirectory (buffer-file-name)) (thing-at-point 'line t)))))

   (person-note "outline" (format "%S" (imenu--make-index-alist)))

   (person-go-to "triage:")
   (eglot-rename "sort") ; asks whether to edit a file that is not open: what is typed is at standard input
   (person-note "renamed" (person-buffer (current-buffer)))
   (person-note "prompt" (person-buffer "draft.md"))
   (eglot-shutdown (eglot-current-server))))
