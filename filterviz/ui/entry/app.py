"""The page, as Streamlit runs it."""

from filterviz.ui import page

if __name__ == "__main__":
    page.main()
