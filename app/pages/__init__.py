"""The pages for people: home, list of studies, landing pages. Plain HTML, whole without JavaScript, no other host."""
