"""The page: ``streamlit run app.py``."""

from filterviz.ui import page

page.main()
