;;; dap-mode-session.el --- A whole session in dap-mode, with the configuration of our page.  -*- lexical-binding: t; -*-

(require 'person (expand-file-name "person.el" (file-name-directory load-file-name)))
(require 'dap-mode)
(require 'dap-ui)
;; Debian 12 pairs lsp-treemacs 0.4 with a treemacs that has this option not yet.
(defvar treemacs-text-scale nil)

(defvar stops 0 "How often a frame has been shown.")
(defvar ended nil)
(add-hook 'dap-stack-frame-changed-hook
          (lambda (session) (when (dap--debug-session-active-frame session) (cl-incf stops))))
(add-hook 'dap-terminated-hook (lambda (_session) (setq ended t)))

(defun place ()
  "Where dap-mode has put the person: the frame's name, its line, and the text at point."
  (let ((frame (dap--debug-session-active-frame (dap--cur-session))))
    (vector (gethash "name" frame) (gethash "line" frame)
            (with-current-buffer (window-buffer) (string-trim (thing-at-point 'line t))))))

(defun stopped-after (act)
  "Do ACT; the place once it has stopped again."
  (let ((before stops))
    (funcall act)
    (person-until "a stop" (or (> stops before) (and ended (error "The session has ended"))))
    (place)))

(defun stack ()
  "The names of the frames, innermost first."
  (let ((session (dap--cur-session)))
    (mapcar (lambda (frame) (gethash "name" frame))
            (gethash (dap--debug-session-thread-id session) (dap--debug-session-thread-stack-frames session)))))

(defun locals ()
  "What the window of variables shows."
  (dap-ui-locals--refresh)
  (person-buffer dap-ui--locals-buffer))

(defun console (line)
  "Type LINE in the console; what it answers."
  (dap-ui-repl)
  (with-current-buffer dap-ui--repl-buffer
    (goto-char (point-max))
    (let ((start (point)))
      (insert line)
      (comint-send-input)
      (person-until "an answer in the console"
                    (progn (goto-char (point-max)) (and (> (point) (+ start (length line) 4)) (looking-back ">> " (- (point) 3)))))
      (string-trim (buffer-substring-no-properties (+ start (length line)) (- (point-max) 3))))))

(person-does
 (lambda ()
   (find-file (getenv "PIPELINE"))
   (lsp-workspace-folders-add default-directory)
   (dap-mode 1)
   (person-note "line" (person-go-to "reply:"))
   (dap-breakpoint-add)
   (person-note "stop" (stopped-after
                        (lambda () (dap-debug (copy-tree (cdr (assoc "Pointsman: run this pipeline"
                                                                     dap-debug-template-configurations)))))))
   (person-note "stack" (stack))
   (person-note "locals" (locals))
   (let ((session (dap--cur-session)))
     (person-note "into" (cl-loop repeat 2 collect (aref (stopped-after (lambda () (dap-step-in session))) 0)))
     (person-note "inner stack" (stack))
     (person-note "why" (console ":why"))
     (person-note "value" (console "outputs.triage.intent"))
     (person-note "back" (stopped-after (lambda () (console ":back"))))
     (person-note "reverse" (cl-loop repeat 2 collect (stopped-after (lambda () (console ":rback")))))
     (person-note "forward" (stopped-after (lambda () (dap-continue session (dap--debug-session-thread-id session)))))
     (person-note "next" (stopped-after (lambda () (dap-next session))))
     (dap-continue session (dap--debug-session-thread-id session))
     (person-until "the end" ended)
     (person-note "ended" t))))
