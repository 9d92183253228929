// The only script of the pages, allowed by its hash (ADR 44). Without it, they do all but three things: follow the
// theme that a person chose in Airflow, leave Airflow's frame, whose sandbox lets no link do so, and copy a name.
{
  const follow = () => {
    try {
      const theme = localStorage.getItem("theme")
      document.documentElement.style.colorScheme = theme === "light" || theme === "dark" ? theme : ""
    } catch { /* the browser keeps nothing: the system's theme stays */ }
  }
  follow()
  addEventListener("storage", follow)

  const around = () => {
    try {
      return parent === window ? null : parent.document
    } catch { return null /* of another origin */ }
  }
  addEventListener("click", event => {
    const link = event.target.closest("a[target=_top]"), page = around()
    if (!link || !page || link.origin !== location.origin || !/^https?:$/.test(link.protocol)) return
    event.preventDefault()
    const same = page.createElement("a")
    same.href = link.href
    page.body.append(same)
    same.dispatchEvent(new MouseEvent("click", event)) // with its keys: Ctrl opens a tab
    same.remove()
  })

  addEventListener("DOMContentLoaded", () => {
    for (const name of document.querySelectorAll(".to-copy")) {
      const button = document.createElement("button")
      Object.assign(button, { type: "button", className: "copy", textContent: "Copy", ariaLabel: `Copy ${name.innerText}` })
      button.setAttribute("aria-live", "polite")
      button.addEventListener("click", () => {
        getSelection().selectAllChildren(name)
        // The newer way exists under HTTPS alone. What cannot be copied is selected, for the keyboard.
        const is_copied = document.execCommand("copy")
        button.textContent = button.ariaLabel = is_copied ? "Copied" : "Selected"
      })
      name.after(" ", button)
    }
  })
}
